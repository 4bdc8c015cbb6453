import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { FunctionHost } from '../../src/dispatch/function-host.js';
import { StateTable } from '../../src/dispatch/state-table.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { SegmentSet } from '../../src/state/segment-set.js';
import { ShapeTable } from '../../src/state/shape.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';

const Visitor = FunctionType.of<string>('test/visitor');
const limit = 100;

describe('Passivation of many addresses', () => {
  it('looks at a part of what is in memory at a time, spares once what was used, and ends at the limit', () => {
    const count = 10_000;
    const host = new FunctionHost({
      type: Visitor,
      operations: undefined,
      options: {},
      fields: [],
      create: () => ({}),
    });
    const segments = new SegmentSet(new MemoryBlobStore(), new BlockCache(1));
    const table = new StateTable(segments, new ShapeTable([]), 1_024, new VirtualPlatform().scheduler);
    for (let number = 0; number < count; number += 1) table.load(table.activate(host, `${number}`));
    const sizes = () => {
      const seen: number[] = [];
      for (const _ of table.passivate([host], limit)) seen.push(table.size);
      return seen;
    };
    expect(sizes()).to.deep.equal([count, count, count, count]);
    const between = sizes();
    expect(between).to.have.length.at.least(4);
    for (const [index, size] of between.entries()) expect(size).to.be.lessThan(between[index - 1] ?? count);
    expect(table.size).to.equal(limit);
    expect([...host.activations.keys()][0], 'the first go first').to.equal(`${count - limit}`);
  });

  it('makes room for the messages of an ingress, however many addresses have to be let go of', async () => {
    const visits = Ingress.of<string>('test/visits');
    const VisitorFn = defineFunction(Visitor, {
      state: () => ({ times: 0 }),
      invoke() {
        this.times += 1;
      },
    });
    const names = Array.from({ length: 8_000 }, (_, number) => `visitor-${number}`);
    await using app = await TestApplication.start({
      modules: [
        {
          configure(_config, binder) {
            binder.bindFunctions(VisitorFn);
            binder.bindIngress(visits, new MemorySource<string>());
            binder.bindRouter(visits, (name, downstream) => downstream.forward(Visitor.at(name), name));
          },
        },
      ],
      maxActiveAddresses: 1_500,
    });
    app.push(visits, ...names, ...names);
    await app.settle();
    await app.checkpoint();
    await app.checkpoint();
    for (const number of [0, 4_711, names.length - 1])
      expect(await app.state(Visitor.at(`visitor-${number}`))).to.deep.equal({ times: 2 });
  });
});
