declare module '@stateful-functions/nats-transport' {
  export const NatsCluster: { connect(options: object): Promise<import('./cluster.js').ClusterConnection> };
}
