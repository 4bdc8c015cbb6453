import { expect } from 'chai';
import { MemorySource } from '../../src/io/memory-source.js';
import { ingressSourceConformance } from '../../src/testing/ingress-source-conformance.js';
import { connectorServices } from './connector-services.js';

ingressSourceConformance('MemorySource', async (values, ends) => {
  const source = new MemorySource(values);
  if (ends) source.end();
  return { source, services: connectorServices(), append: async (more) => source.push(...more) };
});

describe('MemorySource', () => {
  it('keeps values until they are acknowledged, and then refuses to go back behind them', async () => {
    const source = new MemorySource(['a', 'b', 'c', 'd']);
    const reader = await source.open(undefined);
    await reader.read(4);
    await reader.acknowledge?.(3);
    expect(source.acknowledged).to.equal(3);
    expect(await (await source.open(3)).read(4)).to.deep.equal([{ position: 4, value: 'd' }]);
    for (const lost of [undefined, 2]) {
      expect(await source.open(lost).catch((error) => error)).to.have.property('code', 'SF_SOURCE_POSITION');
    }
  });

  it('numbers on when all was acknowledged', async () => {
    const source = new MemorySource(['a']);
    const reader = await source.open(undefined);
    await reader.read(1);
    await reader.acknowledge?.(1);
    source.push('b');
    expect(await reader.read(1)).to.deep.equal([{ position: 2, value: 'b' }]);
    expect(source.length).to.equal(2);
  });

  it('takes no value after its end', () => {
    const source = new MemorySource<string>();
    source.end();
    expect(() => source.push('late'))
      .to.throw()
      .with.property('code', 'SF_SOURCE');
  });
});
