/**
 * Compares the last report with `survivors.json`: each change of `lib` that no spec notices has a reason there, and an entry
 * without such a change goes.
 */
import { readFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const { files } = read('report/mutation.json');
const listed = read('survivors.json').filter(({ file }) => file in files);

const oneLine = (text) => text.replaceAll(/\s+/g, ' ').trim();

/** What a mutant replaces. Lines and columns of the report begin with 1. */
function original(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines.push((lines.pop() ?? '').slice(0, end.column - 1));
  lines[0] = lines[0].slice(start.column - 1);
  return oneLine(lines.join('\n'));
}

const survivors = Object.entries(files).flatMap(([file, { source, mutants }]) =>
  mutants
    .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
    .map(({ location, replacement }) => ({
      file,
      code: original(source, location),
      mutant: oneLine(replacement),
    })),
);

const isSame = (one) => (other) => ['file', 'code', 'mutant'].every((key) => one[key] === other[key]);
const unlisted = survivors.filter((survivor) => !listed.some(isSame(survivor)));
const outdated = listed.filter((entry) => !survivors.some(isSame(entry)));
const withoutReason = listed.filter(({ reason }) => !reason);

const complain = (text, entries) => {
  if (entries.length === 0) return;
  console.error(`${text}\n${JSON.stringify(entries, null, 2)}`);
  process.exitCode = 1;
};
complain(
  'No spec notices these changes. Write one, or add them to mutation/survivors.json with a reason:',
  unlisted,
);
complain(
  'These are no longer there, or a spec notices them now. Remove them from mutation/survivors.json:',
  outdated,
);
complain('These need a reason in mutation/survivors.json:', withoutReason);
