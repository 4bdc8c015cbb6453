import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = 'examples/greeter/src';

/** What readers copy is what runs. */
describe('docs/getting-started.md', () => {
  const text = readFileSync(join(root, 'docs/getting-started.md'), 'utf8');
  const shown = new Map(
    [...text.matchAll(/^`([^`\n]+)`\n\n```ts\n(.*?)^```$/gms)].map(([, path, code]) => [path, code]),
  );

  it('shows every file of the greeter', () => {
    const files = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
    expect([...shown.keys()]).to.have.members(files);
  });

  for (const [path, code] of shown) {
    it(`shows ${path} as it is`, () => {
      expect(code).to.equal(readFileSync(join(root, path as string), 'utf8'));
    });
  }
});
