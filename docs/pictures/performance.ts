import type { Language } from './language.js';
import { picture, rect, type Theme, text } from './svg.js';

/** One figure of `npm run bench`, ours and that of others. Less is better. */
export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
}

const WORDS = {
  en: {
    title: 'What this package costs, beside others: shorter is better',
    ours: 'this package',
    better: 'shorter is better',
  },
  ja: {
    title: 'このパッケージとほかの方法のコストの比較: 短いほど良い',
    ours: 'このパッケージ',
    better: '短いほど良い',
  },
} as const;

const JAPANESE: Readonly<Record<string, string>> = {
  'an invocation in time': '時間内に終わる呼び出し',
  'bundle of the handler, minified': 'ハンドラのバンドル (minify 済み)',
  'init phase at 128 MB': '初期化フェーズ (128 MB)',
  'first event at 128 MB': '最初のイベント (128 MB)',
  'first timeout at 128 MB, cut-off to response': '最初のタイムアウト (128 MB)、打ち切りからレスポンスまで',
  'later timeouts at 128 MB, cut-off to response': '以降のタイムアウト (128 MB)、打ち切りからレスポンスまで',
  'bare handler': '素のハンドラ',
};

function translate(text: string, language: Language): string {
  return language === 'ja' ? (JAPANESE[text] ?? text) : text;
}

const [WIDTH, VALUE, ROW] = [520, 96, 26];

/** About the width of a small text. Letters of Japanese are as wide as they are high. */
const widthOf = (text: string): number =>
  [...text].reduce((width, letter) => width + (letter.charCodeAt(0) < 0x3000 ? 7.4 : 13.5), 0);

export function performance(figures: readonly Figure[]) {
  return (language: Language, theme: Theme): string => {
    const words = WORDS[language];
    const names = [words.ours, ...figures.flatMap(({ peers }) => Object.keys(peers))];
    const left = 24 + Math.max(...names.map((name) => widthOf(translate(name, language))));
    const longest = WIDTH - left - VALUE;
    const shapes = [text(WIDTH - 14, 28, words.better, 'end small quiet')];
    let y = 24;
    for (const { figure, unit, ours, peers } of figures) {
      const rows = [[words.ours, ours] as const, ...Object.entries(peers)];
      const most = Math.max(...rows.map(([, value]) => value));
      shapes.push(text(14, y + 20, translate(figure, language), 'bold'));
      y += 32;
      for (const [index, [name, value]] of rows.entries()) {
        const length = Math.max(2, (longest * value) / most);
        const color = index === 0 ? 'blue' : 'quiet';
        shapes.push(
          text(left, y + 16, translate(name, language), `end small${index === 0 ? ' bold' : ''}`),
          rect(left + 10, y + 3, length, ROW - 8, color, 3),
          text(left + 18 + length, y + 16, `${value.toLocaleString('en')} ${unit}`, 'small'),
        );
        y += ROW;
      }
      y += 14;
    }
    return picture({ theme, width: WIDTH, height: y + 4, title: words.title }, shapes);
  };
}
