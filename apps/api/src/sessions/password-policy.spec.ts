import { passwordFault } from './password-policy';

const policy = { length: 12, strength: 8 };
const fault = (password: string, known: readonly string[] = []) => passwordFault(password, policy, known);

describe('a new password', () => {
  it('is first of all long', () => {
    expect(fault('Tr0ub4dor&3')).toBe('must have at least 12 characters');
    expect(fault('correct horse battery staple')).toBeNull();
    expect(fault('ünïcödé wörds côunt ônce')).toBeNull();
    expect(fault('x'.repeat(257))).toBe('must have at most 256 characters');
  });

  it.each(['password1234', 'aaaaaaaaaaaaaaaa', 'qwertyuiop[]', 'abcdefghijklmnop', '123456789012'])(
    'is not one that everybody guesses, such as %s',
    (password) => {
      expect(fault(password)).toMatch(/^is too easy to guess/);
    },
  );

  it('is not made of what is known of the person', () => {
    const known = ['ada.lovelace@difference-engine.example', 'Ada', 'Lovelace'];
    expect(fault('lovelaceengine')).toBeNull();
    expect(fault('lovelaceengine', known)).toMatch(/^is too easy to guess/);
  });

  it.each(['\0secret-of-many-letters', 'two lines\nof letters', 'a bell \u0007 that rings'])(
    'has no character that a form or a library takes for its end: %j',
    (password) => {
      expect(fault(password)).toBe('must not contain control characters');
    },
  );

  it('may be left to its length', () => {
    expect(passwordFault('password', { length: 6, strength: 0 }, [])).toBeNull();
  });
});
