import sinon from 'sinon';

/** A line as Powertools writes it. */
export type Line = Record<string, unknown>;

/** Returns the lines that this process writes to stdout and stderr during `run`. */
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

/** Returns the lines that Powertools writes during `run`. Nothing else may write to the output then. */
export const printedBy = async (run: () => Promise<unknown>): Promise<Line[]> =>
  (await writtenBy(run)).map((line) => JSON.parse(line));
