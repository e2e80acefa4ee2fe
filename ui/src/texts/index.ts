// Texts in Airflow's language; English where there is no translation.
import { useLocale } from "../host/locale";
import { en } from "./en";
import { ja } from "./ja";
import { ko } from "./ko";
import type { Language } from "./types";

export type { Language } from "./types";

const LANGUAGES: { readonly [name: string]: Language } = { en, ja, ko };

/** The texts of a language, for example "ja" or "ko-KR". */
export function textsOf(language: string): Language {
  return LANGUAGES[language.split("-")[0] ?? "en"] ?? en;
}

/** The texts of the person who looks. */
export function useTexts(): Language {
  return textsOf(useLocale().language);
}
