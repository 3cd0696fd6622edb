/**
 * Makes `lib/watchdog/watching-thread-text.ts`, the text that the watching thread runs, of `lib/watchdog/watching-thread.ts`.
 * Every build begins with this.
 */
import { writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';

const { outputFiles } = buildSync({
  entryPoints: ['lib/watchdog/watching-thread.ts'],
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  logLevel: 'warning',
});
const [{ text }] = outputFiles;
const comment = '/** Made by build-thread.js of watching-thread.ts. */';
writeFileSync(
  'lib/watchdog/watching-thread-text.ts',
  `${comment}\nexport const WATCHING_THREAD = ${JSON.stringify(text.trim())};\n`,
);
