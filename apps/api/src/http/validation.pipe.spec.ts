import { IsString } from 'class-validator';
import { onlyKnownFields } from './validation.pipe';

class Body {
  @IsString()
  readonly first!: string;

  @IsString()
  readonly second!: string;
}

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
