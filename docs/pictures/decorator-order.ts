import type { Language } from './language.js';
import { picture, rect, type Theme, text } from './svg.js';

interface Words {
  readonly title: string;
  readonly outside: string;
  readonly tracer: string;
  readonly logger: string;
  readonly metrics: string;
  readonly parser: string;
  readonly timeout: string;
  readonly idempotent: string;
  readonly handler: string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title:
      'The order of decorators as boxes, from outside: captureLambdaHandler, injectLambdaContext, logMetrics, parser, GracefulTimeout, idempotent, the handler. What is outside of GracefulTimeout sees what the caller gets; what is inside ends when the handler ends.',
    outside: 'outside: sees what the caller gets, after the hooks',
    tracer: 'the span has the error',
    logger: 'the hooks log with the keys of the request',
    metrics: 'what the hooks count is published',
    parser: 'the hooks get the parsed event',
    timeout: 'ends the handler, runs the hooks',
    idempotent: 'inside: ends when the handler ends',
    handler: 'your handler',
  },
  ja: {
    title:
      'デコレータの順序を箱で表した図。外側から captureLambdaHandler、injectLambdaContext、logMetrics、parser、GracefulTimeout、idempotent、ハンドラ。GracefulTimeout の外側は呼び出し元と同じ結果を受け取り、内側はハンドラと同時に終わります。',
    outside: '外側: フックの後に、呼び出し元と同じ結果を受け取る',
    tracer: 'スパンにエラーが記録される',
    logger: 'フックのログにもリクエストのキーが付く',
    metrics: 'フックで数えたメトリクスも発行される',
    parser: 'フックも解析済みのイベントを受け取る',
    timeout: 'ハンドラを終わらせ、フックを実行する',
    idempotent: '内側: ハンドラと同時に終わる',
    handler: 'ハンドラ',
  },
};

const STEP = 12;
const ROW = 48;

/** Each decorator as a box around what is below it. */
export function decoratorOrder(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const boxes = [
    ['@tracer.captureLambdaHandler()', words.tracer, 'box'],
    ['@logger.injectLambdaContext()', words.logger, 'box'],
    ['@metrics.logMetrics()', words.metrics, 'box'],
    ['@parser()', words.parser, 'box'],
    ['@GracefulTimeout()', words.timeout, 'card blue-line'],
    ['@idempotent()', words.idempotent, 'box'],
  ] as const;
  const [width, top] = [460, 48];
  const height = top + (boxes.length + 1) * ROW + boxes.length * STEP + 12;
  const shapes = boxes.flatMap(([code, what, classes], index) => {
    const [inset, y] = [14 + index * STEP, top + index * ROW];
    const bottom = height - 14 - index * STEP;
    const isOurs = classes !== 'box';
    return [
      rect(inset, y, width - 2 * inset, bottom - y, classes, 8),
      text(inset + 14, y + 20, `\`${code}\``, isOurs ? 'blue bold' : 'bold'),
      text(inset + 14, y + 39, what, isOurs ? 'blue small' : 'quiet small'),
    ];
  });
  const innermost = 14 + boxes.length * STEP;
  const y = top + boxes.length * ROW;
  return picture({ theme, width, height, title: words.title }, [
    text(14, 30, words.outside, 'small'),
    ...shapes,
    rect(innermost, y, width - 2 * innermost, height - 14 - boxes.length * STEP - y, 'blue', 6),
    text(width / 2, (y + height - 14 - boxes.length * STEP) / 2 + 5, words.handler, 'middle on bold'),
  ]);
}
