import { expect, test } from 'vitest'
import { RowArrays } from './row-arrays.ts'

interface Row {
  readonly id: number
  readonly name: string | null
  readonly isNew: boolean
  readonly bytes: Buffer | null
}

const ROWS = new RowArrays<Row>({
  id: ['bigint', ({ id }) => id],
  name: ['text', ({ name }) => name],
  is_new: ['boolean', ({ isNew }) => isNew],
  bytes: ['bytea', ({ bytes }) => bytes],
})

test('the SQL and the arrays count the same columns', () => {
  expect(ROWS.from('row')).toBe(
    'unnest($1::bigint[], $2::text[], $3::boolean[], $4::bytea[]) AS row (id, name, is_new, bytes)',
  )
  expect(ROWS.names).toBe('id, name, is_new, bytes')
  expect(ROWS.count).toBe(4)
  const rows = [
    { id: 7, name: 'a "quoted" \\ name', isNew: true, bytes: Buffer.from([0, 255]) },
    { id: 8, name: null, isNew: false, bytes: null },
  ]
  expect(ROWS.values(rows)).toEqual(['{7,8}', '{"a \\"quoted\\" \\\\ name",NULL}', '{t,f}', '{"\\\\x00ff",NULL}'])
  expect(ROWS.values([])).toEqual(['{}', '{}', '{}', '{}'])
})

test('some of the columns keep the numbers that they have among all', () => {
  expect(ROWS.from('row', 3, ['is_new', 'id'])).toBe('unnest($5::boolean[], $3::bigint[]) AS row (is_new, id)')
  expect(ROWS.fromInOrder('row', 2, ['id'])).toBe('unnest($2::bigint[]) WITH ORDINALITY AS row (id, place)')
  expect(() => ROWS.from('row', 1, ['ids'])).toThrow('"ids" is none of the columns id, name, is_new, bytes')
})
