import { expect, test } from 'vitest'
import { addressBlock } from './address-block.ts'
import { parseProxies } from './trusted-proxies.ts'

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:DB8:1::9', '2001:db8:1:0::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, block) => {
  expect(addressBlock(address)).toBe(block)
})

test('proxies are addresses and ranges; an IPv4 address is one also when IPv6 carries it', () => {
  const proxies = parseProxies('10.0.0.0/8, 192.0.2.1,2001:db8::/32')
  for (const address of ['10.1.2.3', '192.0.2.1', '2001:db8:9::1', '::ffff:10.1.2.3']) {
    expect(proxies.has(address), address).toBe(true)
  }
  for (const address of ['11.0.0.1', '192.0.2.2', '2001:db9::1', 'unknown', '']) {
    expect(proxies.has(address), address).toBe(false)
  }
  expect(parseProxies('').has('127.0.0.1')).toBe(false)
  for (const wrong of ['loopback', '10.0.0.0/33', '10.0.0.1/', '10.0.0.0/8/8', '300.1.1.1', '2001:db8::/129']) {
    expect(() => parseProxies(wrong), wrong).toThrow('neither')
  }
})
