// `npm run pictures`: draws all pictures of the guide.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawPictures } from './pictures.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
for (const { path, svg } of drawPictures(root)) writeFileSync(join(root, path), svg);
