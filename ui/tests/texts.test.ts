import { expect, test } from "vitest";
import { en } from "../src/texts/en";
import { textsOf, type Language } from "../src/texts";

function paths(texts: object, before = ""): string[] {
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text === "object" ? paths(text as object, `${before}${key}.`) : [`${before}${key}`],
  );
}

test.each(["ja", "ko"])("every text of English is there in %s and no other", (language) => {
  expect(paths(textsOf(language))).toEqual(paths(en));
});

test.each(["ja", "ko"])("no text is left in English in %s", (language) => {
  const other: Language = textsOf(language);
  const same = (one: object, two: object): string[] =>
    Object.entries(one).flatMap(([key, text]) => {
      const translated: unknown = (two as Record<string, unknown>)[key];
      if (typeof text === "object") return same(text as object, translated as object);
      return text === translated ? [key] : [];
    });
  expect(same(en, other)).toEqual([]);
});

test("a language with a region is its language, and an unknown one is English", () => {
  expect(textsOf("ja-JP").common.studies).toBe("スタディ");
  expect(textsOf("fr").common.studies).toBe("Studies");
});
