import { notesHeader } from './notes';

describe('notes on a document', () => {
  it('are no header when there are none', () => {
    expect(notesHeader([])).toBeUndefined();
  });

  it('are JSON of ASCII characters', () => {
    const notes = [{ path: 'paths["/größe"]', message: 'is a list – of types' }];
    const header = notesHeader(notes) ?? '';
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(header)).toEqual(notes);
  });

  it('look at no more notes than fit, however many there are', () => {
    let looked = 0;
    const note = (index: number) => ({
      path: `paths.p${index}`,
      get message(): string {
        looked += 1;
        return 'x'.repeat(50);
      },
    });
    const header = notesHeader(Array.from({ length: 100_000 }, (_, index) => note(index))) ?? '';
    expect(header).toMatch(/"and \d+ more"\}\]$/);
    expect(looked).toBeLessThan(100);
  });

  it('fit into the header to the last character', () => {
    for (let length = 3_900; length < 4_010; length += 1) {
      const header = notesHeader([{ path: 'a', message: 'x'.repeat(length) }]) ?? '';
      expect(header.length).toBeLessThanOrEqual(4_000);
      expect(header.includes('and 1 more')).toBe(length + '[{"path":"a","message":""}]'.length >= 4_000);
    }
  });

  it('say how many did not fit', () => {
    const notes = Array.from({ length: 500 }, (_, index) => ({ path: `paths.p${index}`, message: 'x'.repeat(50) }));
    const header = notesHeader(notes) ?? '';
    expect(header.length).toBeLessThanOrEqual(4_000);
    const kept = JSON.parse(header) as { message: string }[];
    expect(kept.at(-1)?.message).toBe(`and ${500 - kept.length + 1} more`);
  });
});
