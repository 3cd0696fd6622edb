// `FORCE_COLOR` is for whoever wants the colours in a file.
const { FORCE_COLOR } = process.env;
const hasColors = FORCE_COLOR === '1' || (process.stdout.isTTY && process.stdout.hasColors());

export type Paint = (text: string) => string;

const paint =
  (code: number): Paint =>
  (text) =>
    hasColors ? `\x1b[${code}m${text}\x1b[0m` : text;

/** Colours for a terminal. Elsewhere, and if `NO_COLOR` is set, the text stays as it is. */
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
export const cyan = paint(36);
export const plain: Paint = (text) => text;
