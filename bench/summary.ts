import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { printFigures, saved } from './figures.js';
import { describeMachine } from './machine.js';
import { printTable } from './table.js';

/** What `docs/pictures/performance.svg` is drawn from. */
const PICTURE = fileURLToPath(new URL('../../docs/pictures/performance.json', import.meta.url));

const { figures, goals } = saved();

console.log(`All in one. \`npm run bench\`, ${describeMachine()}`);
printFigures(figures);
console.log('The goals. A figure above its goal is not reached.');
printTable(
  goals.map(({ figure, goal, got }) => ({ figure, goal, got, reached: got <= goal ? 'yes' : 'no' })),
);

mkdirSync(fileURLToPath(new URL('.', `file://${PICTURE}`)), { recursive: true });
writeFileSync(PICTURE, `${JSON.stringify(figures, null, 2)}\n`);
