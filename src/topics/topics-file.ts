import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { parseYamlFile } from '../runtime/yaml-file.ts'

const TopicsFile = Type.Object(
  {
    owns: Type.Optional(Type.String({ minLength: 1 })),
    topics: Type.Record(
      Type.String({ pattern: '^[a-zA-Z0-9._-]{1,249}$' }),
      Type.Object(
        {
          partitions: Type.Integer({ minimum: 1 }),
          replication_factor: Type.Integer({ minimum: 1 }),
          configs: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
        },
        { additionalProperties: false },
      ),
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

type TopicsFile = Static<typeof TopicsFile>

/** A topic as `config/topics.yaml` wants it. */
export interface DeclaredTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

/** All that the file says. */
interface TopicsDeclaration {
  readonly topics: DeclaredTopic[]
  /** Topics whose names begin so are the file's, also those that it does not declare; null if it claims none. */
  readonly owns: string | null
}

/** Reads the topics as declared. Throws YamlFileError that names the line and what is wrong there. */
export function readTopicsFile(path: string): DeclaredTopic[] {
  return readTopicsDeclaration(path).topics
}

/** As `readTopicsFile`, with what else the file says. */
export function readTopicsDeclaration(path: string): TopicsDeclaration {
  const file: TopicsFile = parseYamlFile(TopicsFile, readFileSync(path, 'utf8'), path).value
  const topics = Object.entries(file.topics).map(([name, { partitions, replication_factor, configs }]) => ({
    name,
    partitions,
    replicationFactor: replication_factor,
    configs: Object.fromEntries(Object.entries(configs).map(([key, value]) => [key, String(value)])),
  }))
  return { topics, owns: file.owns ?? null }
}
