/** `NODE_OPTIONS=--require` loads this file. With it Datadog finds its Lambda extension, which a spec replaces. */
import fs from 'node:fs';

const EXTENSION = '/opt/extensions/datadog-agent';
const { existsSync, promises } = fs;
const { access } = promises;

fs.existsSync = (path) => path === EXTENSION || existsSync(path);
promises.access = async (path, mode) => {
  if (path !== EXTENSION) await access(path, mode);
};
