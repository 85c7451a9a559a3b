import { IsString, MaxLength } from 'class-validator';
import { checkedAs, onlyKnownFields } from './validation.pipe';

class Body {
  @IsString()
  readonly first!: string;

  @IsString()
  readonly second!: string;
}

class Named {
  @IsString({ message: 'must be text' })
  @MaxLength(3, { message: 'must have at most 3 characters' })
  readonly name!: string;
}

describe('a field that has to be text', () => {
  it.each([[{}], [{ name: 5 }], [{ name: null }]])('is not called too long where it is none: %j', (sent) => {
    expect(() => checkedAs(Named, sent)).toThrow(/^name: must be text$/);
  });

  it('is too long where it is', () => {
    expect(() => checkedAs(Named, { name: 'long' })).toThrow('name: must have at most 3 characters');
  });
});

describe('a body that says what is destroyed', () => {
  it('has each of its wrong fields named once, unknown ones too', async () => {
    const sent = { first: 1, second: 2, frist: 'mistyped' };
    await expect(onlyKnownFields.transform(sent, { type: 'body', metatype: Body })).rejects.toMatchObject({
      errors: [
        { path: 'frist', message: 'is not known here' },
        { path: 'first', message: 'must be a string' },
        { path: 'second', message: 'must be a string' },
      ],
    });
  });
});
