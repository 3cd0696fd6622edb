export type Language = 'en' | 'ja';

/** A text in each language. */
export type Words<Name extends string> = Readonly<Record<Language, Readonly<Record<Name, string>>>>;
