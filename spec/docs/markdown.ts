/** A heading, a fenced code block, a row of a table, an item of a list or a paragraph. */
export interface Block {
  readonly kind: string;
  readonly text: string;
}

export function blocksOf(markdown: string): readonly Block[] {
  const chunks = markdown.match(/^```[\s\S]*?^```$|(?:^(?!```).+\n?)+/gm) ?? [];
  return chunks.flatMap((chunk): Block | Block[] => {
    const fence = /^```.*/.exec(chunk)?.[0];
    if (fence) return { kind: fence, text: chunk };
    const [, level, title] = /^(#+) (.*)/.exec(chunk) ?? [];
    if (level && title) return { kind: level, text: title };
    if (chunk.startsWith('|')) return chunk.trim().split('\n').map(readRow);
    if (chunk.startsWith('- ')) return chunk.split(/\n(?=- )/).map((text) => ({ kind: 'item', text }));
    return { kind: 'paragraph', text: chunk };
  });
}

const readRow = (text: string): Block => ({ kind: `row of ${text.split('|').length - 2} cells`, text });

/** The blocks of each chapter. The title and the text before the first chapter count as a chapter too. */
export function chaptersOf(markdown: string): readonly (readonly Block[])[] {
  const chapters: Block[][] = [];
  for (const block of blocksOf(markdown)) {
    if (/^##?$/.test(block.kind)) chapters.push([block]);
    else chapters.at(-1)?.push(block);
  }
  return chapters;
}

/** The targets of the links and pictures in a document. */
export const linksIn = (markdown: string): readonly string[] =>
  blocksOf(markdown)
    .filter(({ kind }) => !kind.startsWith('```'))
    .flatMap(({ text }) => [...text.replaceAll(/`[^`]*`/g, '').matchAll(TARGET)])
    .map(([, target, picture]) => (target ?? picture) as string);

const TARGET = /\]\(([^()\s]+)\)|<(?:img|source)\s[^>]*?\bsrc(?:set)?="([^"]+)"/g;

/** The anchors that GitHub makes in a document. */
export function anchorsIn(markdown: string): ReadonlySet<string> {
  const anchors = new Set([...markdown.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id as string));
  for (const { kind, text } of blocksOf(markdown)) {
    if (!kind.startsWith('#')) continue;
    const slug = slugOf(text);
    let anchor = slug;
    for (let repeated = 1; anchors.has(anchor); repeated++) anchor = `${slug}-${repeated}`;
    anchors.add(anchor);
  }
  return anchors;
}

const slugOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
