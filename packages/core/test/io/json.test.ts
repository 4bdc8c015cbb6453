import { expect } from 'chai';
import fc from 'fast-check';
import { toJson } from '../../src/io/json.js';
import { FunctionType } from '../../src/sdk/function-type.js';

describe('toJson', () => {
  it('is JSON.stringify for what JSON has', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => toJson(value) === JSON.stringify(value)));
  });

  it('renders the rest of the data model as the nearest readable thing', () => {
    const rendered: [unknown, unknown][] = [
      [undefined, null],
      [{ gone: undefined, list: [undefined] }, { list: [null] }],
      [
        [Number.NaN, Number.NEGATIVE_INFINITY],
        [null, null],
      ],
      [2n ** 70n, '1180591620717411303424'],
      [
        [new Date(0), new Date(Number.NaN)],
        ['1970-01-01T00:00:00.000Z', null],
      ],
      [
        new Map<unknown, unknown>([
          ['a', 1n],
          [new Set([2]), new Map()],
        ]),
        [
          ['a', '1'],
          [[2], []],
        ],
      ],
      [
        { bytes: Uint8Array.of(1, 2, 255), buffer: Uint8Array.of(7).buffer },
        { bytes: 'AQL/', buffer: 'Bw==' },
      ],
      [Buffer.from('abc').subarray(1), 'YmM='],
      [new DataView(Uint8Array.of(1, 2, 3).buffer, 1, 1), 'Ag=='],
      [
        [Float64Array.of(0.5), BigInt64Array.of(-1n)],
        [[0.5], ['-1']],
      ],
      [FunctionType.of('example/greeter').at('a/b'), 'example/greeter/a/b'],
    ];
    for (const [value, expected] of rendered) expect(JSON.parse(toJson(value))).to.deep.equal(expected);
  });

  it('tells what an error is, and where it comes from, without its stack', () => {
    const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), { code: 'E1' });
    expect(JSON.parse(toJson({ error }))).to.deep.equal({
      error: { name: 'TypeError', message: 'outer', code: 'E1', cause: { name: 'Error', message: 'inner' } },
    });
  });
});
