// Every message of the catalogue is used, and every message name used exists (the types check the latter once more).
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src/', import.meta.url));
const names = Object.keys(JSON.parse(readFileSync(`${src}i18n/messages/de.json`, 'utf8')));
const code = readdirSync(src, { recursive: true })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|\.d\.ts$/.test(name))
  .map((name) => readFileSync(src + name, 'utf8'))
  .join('\n');
const used = new Set([...code.matchAll(/'([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)'/g)].map((match) => match[1]));
const unused = names.filter((name) => !used.has(name));
const sorted = [...names].sort((a, b) => (a < b ? -1 : 1));
const misplaced = names.find((name, index) => name !== sorted[index]);
if (unused.length > 0) console.error(`unused messages: ${unused.join(', ')}`);
if (misplaced) console.error(`messages are not sorted by name, from "${misplaced}" on`);
if (unused.length > 0 || misplaced) process.exit(1);
