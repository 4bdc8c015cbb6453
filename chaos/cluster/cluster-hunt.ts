import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { nodePlatform, RemoteClient } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';
import { type NatsServer, type S3Server, startNats, startS3 } from '@stateful-functions/servers';
import {
  type Checked,
  collectReports,
  judge,
  Progress,
  Random,
  type Reports,
  VerificationWorkload,
} from '@stateful-functions/verification';
import { handlerTimeoutMs, NodeProcess } from './node-process.js';
import { Streams } from './streams.js';
import { draw, type Strike, strike, strikeWeights } from './strikes.js';

export interface ClusterHuntOptions {
  /** How long things go wrong. */
  readonly minutes: number;
  readonly seed: number;
  /** Told of each strike. */
  readonly progress?: (text: string) => void;
}

/** What a hunt came to. */
export interface ClusterHuntResult {
  readonly violations: readonly string[];
  readonly struck: Readonly<Record<Strike, number>>;
  readonly checked: Checked;
  /** Records that went in. */
  readonly arrivals: number;
  readonly calls: number;
  readonly checkpoints: number;
  readonly epochs: number;
}

/** Records a second; each makes about ten invocations. */
const arrivalsPerSecond = 8;
const callsPerMinute = 24;
const nodeCount = 3;
/** Workers learn the application's time from their coordinator, some later than others. */
const clockSkewMs = 500;
const reportAttempts = 10;
/** What is not certain to happen takes longer than under a simulator: some handlers hang until they are given up. */
const slowestChainMs = 12 * handlerTimeoutMs;
/** How long everything certain may take to come out once nothing goes wrong any more. */
const patienceMs = 180_000;

/**
 * Runs the verification application on nodes that are processes, over a real nats-server and a real S3 server; kills, stops and
 * restarts all of them; and compares what is left with what must be.
 */
export async function huntCluster(options: ClusterHuntOptions): Promise<ClusterHuntResult> {
  await using nats = await startNats();
  await using s3 = await startS3();
  if (nats === undefined || s3 === undefined) throw new Error('a cluster needs a nats-server and an S3 server');
  await using streams = await Streams.make(nats.url);
  const field = new Field(options, nats, s3, streams, await s3.makeBucket());
  try {
    return await field.hunt();
  } finally {
    await field.clear();
  }
}

class Field {
  readonly #options: ClusterHuntOptions;
  readonly #nats: NatsServer;
  readonly #s3: S3Server;
  readonly #streams: Streams;
  readonly #bucket: string;
  readonly #random: Random;
  readonly #workload: VerificationWorkload;
  readonly #application = `chaos-${randomUUID()}`;
  readonly #nodes: NodeProcess[] = [];
  /** Those that were there at any time. */
  readonly #all: NodeProcess[] = [];
  readonly #struck = Object.fromEntries(Object.keys(strikeWeights).map((kind) => [kind, 0])) as Record<Strike, number>;
  #isOver = false;

  constructor(options: ClusterHuntOptions, nats: NatsServer, s3: S3Server, streams: Streams, bucket: string) {
    const { minutes, seed } = options;
    this.#options = options;
    this.#nats = nats;
    this.#s3 = s3;
    this.#streams = streams;
    this.#bucket = bucket;
    this.#random = new Random(seed);
    const commands = Math.ceil(minutes * 60 * arrivalsPerSecond);
    const calls = Math.ceil(minutes * callsPerMinute);
    this.#workload = new VerificationWorkload(seed, { commands, calls, hasLongTimers: minutes >= 5 });
  }

  async hunt(): Promise<ClusterHuntResult> {
    await using cluster = await NatsCluster.connect({ servers: this.#nats.url, application: this.#application });
    await using client = await RemoteClient.connect({ platform: nodePlatform(), ...cluster });
    for (let number = 0; number < nodeCount; number += 1) this.#addNode().start();
    await Promise.all(this.#nodes.map((node) => node.whenRunning()));
    const load = Promise.all([this.#feed(), this.#call(client)]);
    await this.#strikeForAWhile();
    this.#isOver = true;
    await load;
    const violations = await this.#settle();
    const reports = await this.#reports(client);
    await this.#streams.look();
    const { traces, deadLetters } = this.#streams;
    const verdict = judge(this.#workload, { ...reports, traces, deadLetters, noticed: [], clockSkewMs });
    const crashes = this.#all.flatMap(({ crashes }) => crashes);
    return {
      violations: [...violations, ...crashes, ...verdict.violations],
      struck: this.#struck,
      checked: verdict.checked,
      arrivals: this.#workload.arrivals.flat().length,
      calls: this.#workload.calls.length,
      checkpoints: 0,
      epochs: 0,
    };
  }

  async clear(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#all.map((node) => node.kill()));
  }

  #addNode(): NodeProcess {
    const { access } = this.#s3;
    const { endpoint, region, accessKeyId, secretAccessKey } = access;
    const node = new NodeProcess({
      servers: this.#nats.url,
      application: this.#application,
      name: `node-${this.#all.length}`,
      bucket: this.#bucket,
      s3: { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    });
    this.#nodes.push(node);
    this.#all.push(node);
    return node;
  }

  /** Everything goes in, evenly over the time, and whatever is left at its end. */
  async #feed(): Promise<void> {
    await Promise.all(
      this.#workload.arrivals.map(async (arrivals, intake) => {
        for (const arrival of arrivals) {
          await this.#streams.feed(intake, arrival);
          const shareMs = (1_000 * this.#workload.arrivals.length) / arrivalsPerSecond;
          if (!this.#isOver) await wait(this.#random.between(0, 2 * shareMs));
        }
      }),
    );
  }

  async #call(client: RemoteClient): Promise<void> {
    const made: Promise<unknown>[] = [];
    for (const call of this.#workload.calls) {
      made.push(this.#workload.clients.make(client, call));
      if (!this.#isOver) await wait(this.#random.between(0, (2 * 60_000) / callsPerMinute));
    }
    await Promise.all(made);
  }

  async #strikeForAWhile(): Promise<void> {
    const { minutes, progress = () => {} } = this.#options;
    const untilMs = Date.now() + minutes * 60_000;
    const targets = {
      nodes: this.#nodes,
      addNode: () => this.#addNode(),
      nats: this.#nats,
      s3: this.#s3,
      random: this.#random,
    };
    while (Date.now() < untilMs) {
      await wait(this.#random.between(300, 5_000));
      const kind = draw(this.#random);
      const startMs = Date.now();
      if (!(await strike(kind, targets))) continue;
      this.#struck[kind] += 1;
      progress(`${kind} (${Date.now() - startMs} ms)`);
    }
  }

  /** Many are asked at once, of whom most have to be read from storage first, and a handler may take only so long. */
  async #reports(client: RemoteClient): Promise<Reports> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await collectReports(client, this.#workload);
      } catch (error) {
        if (attempt === reportAttempts) throw error;
      }
    }
  }

  /** Waits until all that is certain has come out, and nothing more can. Tells what is missing. */
  async #settle(): Promise<string[]> {
    const progress = new Progress(this.#workload);
    const untilMs = Date.now() + patienceMs;
    for (;;) {
      await this.#streams.look();
      if (progress.isComplete(this.#streams.traces, this.#streams.deadLetters.length)) break;
      if (Date.now() > untilMs) return [`no progress: ${progress.missing} records are missing after ${patienceMs} ms`];
      await wait(500);
    }
    await wait(this.#workload.restMs + slowestChainMs);
    return [];
  }
}
