import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { fieldAccess } from '../../src/codec/specialized.js';

const names = ['seen', 'last name', '"quoted"; throw 1 //', 'missing'];

describe('fieldAccess', () => {
  it('reads fields of any name, in the order of their names', () => {
    const values: unknown[] = [];
    fieldAccess(names).read({ '"quoted"; throw 1 //': 3, 'last name': 'b', seen: 1 }, values);
    expect(values).to.deep.equal([1, 'b', 3, undefined]);
  });

  it('knows what has changed, by Object.is, and what is no primitive', () => {
    const { read, isUnchanged } = fieldAccess(['a', 'b']);
    const found: unknown[] = [];
    read({ a: Number.NaN, b: 0 }, found);
    expect(isUnchanged({ a: Number.NaN, b: 0 }, found)).to.equal(true);
    expect(isUnchanged({ a: Number.NaN, b: -0 }, found)).to.equal(false);
    expect(isUnchanged({ a: null, b: 0 }, found)).to.equal(false);
    for (const part of [{}, [], () => 1, Symbol('s')])
      expect(isUnchanged({ a: 1, b: part }, found)).to.equal(undefined);
    expect(fieldAccess([]).isUnchanged({}, [])).to.equal(true);
  });

  it('does so, and so does copying, where programs from texts are forbidden, and few are tried', () => {
    const module = (path: string) => JSON.stringify(new URL(`../../src/codec/${path}.js`, import.meta.url));
    const script = `
      import { fieldAccess } from ${module('specialized')};
      import { Copier } from ${module('copier')};
      const access = fieldAccess(['a', 'b']);
      const found = [];
      access.read({ b: 2, a: 1 }, found);
      let tried = 0;
      globalThis.Function = class extends Function {
        constructor(...texts) {
          tried += 1;
          super(...texts);
        }
      };
      const copier = new Copier();
      for (let times = 0; times < 100; times += 1) copier.copy({ a: 1, b: [2] });
      console.log(JSON.stringify([
        found,
        access.isUnchanged({ a: 1, b: 2 }, found),
        access.isUnchanged({ a: 1, b: 3 }, found),
        access.isUnchanged({ a: {}, b: 2 }, found) ?? 'object',
        copier.copy({ a: 1, b: [2] }),
        tried,
      ]));`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
    const printed = execFileSync(process.execPath, flags, { encoding: 'utf8' });
    expect(JSON.parse(printed)).to.deep.equal([[1, 2], true, false, 'object', { a: 1, b: [2] }, 4]);
  });
});
