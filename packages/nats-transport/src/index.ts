export type { Decoding, StreamMessage } from './decoding.js';
export { JetStreamSink, type JetStreamSinkOptions } from './jetstream-sink.js';
export { JetStreamSource, type JetStreamSourceOptions } from './jetstream-source.js';
export { NatsCluster, type NatsClusterOptions } from './nats-cluster.js';
export type { NatsMembership } from './nats-membership.js';
export type { NatsTransport } from './nats-transport.js';
export type { NatsOptions } from './options.js';
export type { StreamStart } from './stream-consumers.js';
export { subjectToken } from './subject.js';
