export { NatsCluster, type NatsClusterOptions } from './nats-cluster.js';
export type { NatsMembership } from './nats-membership.js';
export type { NatsTransport } from './nats-transport.js';
export type { NatsOptions } from './options.js';
export { subjectToken } from './subject.js';
