// Builds the package and the samples, without a word if all is well, and runs one of their programs:
// `node samples/show.js start`. What npm prints before a script stays short in this way.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [program] = process.argv.splice(2, 1);

if (process.stderr.isTTY) process.stderr.write('Building …');
for (const workspace of ['', ' -w samples']) {
  const { status, stdout, stderr } = spawnSync(`npm run --silent build${workspace}`, {
    cwd: root,
    shell: true,
    encoding: 'utf8',
  });
  if (status === 0) continue;
  process.stderr.write(`\n${stdout}${stderr}`);
  process.exit(1);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

await import(`./.build/${program}.js`);
