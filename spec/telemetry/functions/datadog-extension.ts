/** What `NODE_OPTIONS=--require` loads so that Datadog finds its Lambda extension installed, where a spec stands in for it. */
import fs from 'node:fs';

const EXTENSION = '/opt/extensions/datadog-agent';
const { existsSync, promises } = fs;
const { access } = promises;

fs.existsSync = (path) => path === EXTENSION || existsSync(path);
promises.access = async (path, mode) => {
  if (path !== EXTENSION) await access(path, mode);
};
