// What a language must have: the keys of English, with texts as texts and functions as functions.
import type { en } from "./en";

type Texts<T> = { readonly [K in keyof T]: T[K] extends string ? string : T[K] extends (...values: never[]) => string ? T[K] : Texts<T[K]> };

export type Language = Texts<typeof en>;
