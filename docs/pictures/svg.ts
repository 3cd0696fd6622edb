/** The colours of a picture. Each picture exists for light and for dark pages. */
export interface Theme {
  readonly card: string;
  readonly edge: string;
  /** Of what lies behind other things. */
  readonly shade: string;
  readonly text: string;
  readonly quiet: string;
  /** Of text on one of the colours below. */
  readonly on: string;
  readonly blue: string;
  readonly green: string;
  readonly purple: string;
  readonly red: string;
  readonly amber: string;
  readonly cyan: string;
}

export const LIGHT: Theme = {
  card: '#f6f8fa',
  edge: '#d1d9e0',
  shade: '#e8ecf0',
  text: '#1f2328',
  quiet: '#59636e',
  on: '#ffffff',
  blue: '#0969da',
  green: '#1a7f37',
  purple: '#8250df',
  red: '#cf222e',
  amber: '#9a6700',
  cyan: '#1b7c83',
};

export const DARK: Theme = {
  card: '#0d1117',
  edge: '#3d444d',
  shade: '#1c232d',
  text: '#f0f6fc',
  quiet: '#9198a1',
  on: '#0d1117',
  blue: '#4493f8',
  green: '#3fb950',
  purple: '#ab7df8',
  red: '#f85149',
  amber: '#d29922',
  cyan: '#39c5cf',
};

export interface Frame {
  readonly theme: Theme;
  readonly width: number;
  readonly height: number;
  /** What a screen reader says. */
  readonly title: string;
}

/** Puts shapes on a card of their own colour, so that they can be read on any page. */
export function picture({ theme, width, height, title }: Frame, shapes: readonly string[]): string {
  const { card, edge, shade, text, quiet, on, blue, green, purple, red, amber, cyan } = theme;
  const fills = Object.entries({ quiet, on, blue, green, purple, red, amber, cyan });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">${escapeXml(title)}</title>
<style>
svg { font: 500 15px system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Noto Sans CJK JP", sans-serif }
text { fill: ${text} }
.middle { text-anchor: middle } .end { text-anchor: end }
.small { font-size: 13px } .bold { font-weight: 600 }
.code { font-family: ${MONOSPACE}; font-size: 14px } .code.small { font-size: 12.5px }
.card { fill: ${card}; stroke: ${edge} } .box { fill: ${card}; stroke: ${quiet}; stroke-width: 1.5 }
.shade { fill: ${shade} } .line { stroke: ${quiet}; stroke-width: 1.5; fill: none } .thin { stroke: ${edge}; fill: none }
.dashed { stroke-dasharray: 3 4 } .grace { stroke-dasharray: 6 4 }
${fills.map(([name, color]) => `.${name} { fill: ${color} } .${name}-line { stroke: ${color}; stroke-width: 2.5; fill: none }`).join('\n')}
</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
${shapes.join('\n')}
</svg>
`;
}

export const MONOSPACE = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const round = (value: number): number => Math.round(value * 10) / 10;

/** Lines of text, the first with its base line at `y`. A text in backticks is shown as code. */
export function text(x: number, y: number, lines: string | readonly string[], classes = ''): string {
  return [lines]
    .flat()
    .map((line, index) => {
      const isCode = /^`.*`$/.test(line);
      const names = `${classes}${isCode ? ' code' : ''}`.trim();
      const attribute = names === '' ? '' : ` class="${names}"`;
      const content = isCode ? line.slice(1, -1) : line;
      return `<text x="${round(x)}" y="${round(y + index * 18)}"${attribute}>${escapeXml(content)}</text>`;
    })
    .join('\n');
}

export const rect = (
  x: number,
  y: number,
  width: number,
  height: number,
  classes: string,
  radius = 5,
): string =>
  `<rect class="${classes}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`;

export const path = (d: string, classes = 'line'): string => `<path class="${classes}" d="${d}"/>`;

/** A line that ends in an arrow head. The last two points say in which direction. */
export function arrow(points: readonly (readonly [number, number])[]): string {
  const [x, y] = points.at(-1) ?? [0, 0];
  const [fromX, fromY] = points.at(-2) ?? [0, 0];
  const [dx, dy] = [Math.sign(x - fromX) * 7, Math.sign(y - fromY) * 7];
  const head = `M${x - dx - dy * 0.7} ${y - dy - dx * 0.7}L${x} ${y}L${x - dx + dy * 0.7} ${y - dy + dx * 0.7}`;
  return path(`M${points.map((point) => point.join(' ')).join('L')}${head}`);
}

/** A box with lines of text in its middle. */
export function box(
  x: number,
  y: number,
  width: number,
  height: number,
  lines: string | readonly string[],
  classes = 'box',
  textClasses = 'middle',
): string {
  const all = [lines].flat();
  const top = y + height / 2 + 5 - ((all.length - 1) * 18) / 2;
  return `${rect(x, y, width, height, classes)}\n${text(x + width / 2, top, all, textClasses)}`;
}
