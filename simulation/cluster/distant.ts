import type { EgressSink, IngressReader, IngressSource, Scheduler } from '@stateful-functions/core';
import type { SimulatedSite } from '@stateful-functions/core/testing';
import type { Outside, Surroundings } from '@stateful-functions/verification';

/**
 * What is outside, as one worker reaches it: every call takes time, of the machine that the worker runs on. So a worker that is
 * killed or stopped gets no answer, and may have been heard.
 */
export function distant(outside: Outside, { process }: SimulatedSite, isFast: boolean): Surroundings {
  const most = isFast ? 2 : 40;
  const pass = () => delay(process.scheduler, process.random.below(most * 4) / 4);
  return {
    sources: outside.sources.map((source) => distantSource(source, pass)),
    sinks: outside.sinks.map((sink) => distantSink(sink, pass)),
    deadLetters: distantSink(outside.deadLetters, pass),
  };
}

function distantSource<T>(source: IngressSource<T>, pass: () => Promise<void>): IngressSource<T> {
  return {
    async open(position, services) {
      const reader = await source.open(position, services);
      await pass();
      return distantReader(reader, pass);
    },
  };
}

function distantReader<T>(reader: IngressReader<T>, pass: () => Promise<void>): IngressReader<T> {
  return {
    async read(max) {
      const records = await reader.read(Math.min(max, 16));
      await pass();
      return records;
    },
    async acknowledge(position) {
      await pass();
      await reader.acknowledge?.(position);
    },
    close: () => reader.close(),
  };
}

function distantSink<T>(sink: EgressSink<T>, pass: () => Promise<void>): EgressSink<T> {
  return {
    async open(position, services) {
      await pass();
      return sink.open(position, services);
    },
    async publish(records) {
      await pass();
      const position = await sink.publish(records);
      await pass();
      return position;
    },
    close: () => sink.close(),
  };
}

function delay(scheduler: Scheduler, ms: number): Promise<void> {
  return new Promise((resolve) => void scheduler.after(ms, resolve));
}
