import sinon from 'sinon';

/** A line as Powertools writes it. */
export type Line = Record<string, unknown>;

/** Answers with the lines that this process writes to stdout and stderr while something runs. */
export async function writtenBy(run: () => Promise<unknown>): Promise<string[]> {
  let text = '';
  const stubs = [process.stdout, process.stderr].map((stream) =>
    sinon.stub(stream, 'write').callsFake((chunk) => {
      text += chunk;
      return true;
    }),
  );
  try {
    await run();
  } finally {
    for (const stub of stubs) stub.restore();
  }
  return text.split('\n').filter((line) => line !== '');
}

/** Answers with what Powertools writes, and nothing else does, while something runs. */
export const printedBy = async (run: () => Promise<unknown>): Promise<Line[]> =>
  (await writtenBy(run)).map((line) => JSON.parse(line));
