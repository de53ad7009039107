import { describe, expect, it } from 'vitest'
import { scramExchange } from '../../../../runtime/kafka/connection/scram.ts'

// The example of RFC 7677.
const begin = () => scramExchange('sha256', 'user', 'pencil', 'rOprNGfwEbeRWgbNEkqO')
const first = Buffer.from('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096')

describe('SCRAM', () => {
  it('answers as the standard says and checks the server', async () => {
    const exchange = begin()
    expect(String(await exchange.first())).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
    expect(String(await exchange.next(first))).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    )
    expect(await exchange.next(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toBeNull()
  })

  it('refuses a server that does not know the password', async () => {
    const exchange = begin()
    await exchange.first()
    await exchange.next(first)
    await expect(exchange.next(Buffer.from('v=AAAA'))).rejects.toThrow(/signature/)
  })

  it.each([
    ['r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /nonce/],
    ['r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /nonce/],
    ['r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1', /iterations/],
    ['e=unknown-user', /unknown-user/],
  ])('refuses %s', async (text, message) => {
    const exchange = begin()
    await exchange.first()
    await expect(exchange.next(Buffer.from(text))).rejects.toThrow(message)
  })

  it('escapes what has a meaning in names', async () => {
    expect(String(await scramExchange('sha512', 'a=b,c', 'x', 'n').first())).toBe('n,,n=a=3Db=2Cc,r=n')
  })
})
