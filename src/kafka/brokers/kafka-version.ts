/** The Apache Kafka of brokers that run here, and that the files of `deploy/` name. */
export const KAFKA_VERSION = '4.3.1'
