import fc from 'fast-check';
import { readCsv } from '../../test/read-csv';
import { csvLine } from './csv';

describe('csvLine', () => {
  it('gives back what was written, whatever it is', () => {
    const cell = fc.string({ unit: fc.constantFrom(',', '"', '\r', '\n', 'a', ' ', ';', 'ü') });
    fc.assert(
      fc.property(
        fc.array(
          fc.array(
            cell.filter((text) => !/^[\r\n]/.test(text)),
            { minLength: 1 },
          ),
        ),
        (rows) => {
          expect(readCsv(rows.map(csvLine).join(''))).toEqual(rows);
        },
      ),
    );
  });

  it('ends each line with CR LF and quotes only where that is needed', () => {
    expect(csvLine(['a', 'b c', 'd,e', 'f"g', 'h\ni'])).toBe('a,b c,"d,e","f""g","h\ni"\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '＝1+1', '＠SUM(A1)', '\t=1', '\r=1', '\n=1'])(
    'takes the formula out of %j',
    (text) => {
      expect(readCsv(csvLine([text]))).toEqual([[`'${text}`]]);
    },
  );

  it('leaves numbers alone, and such signs inside a text', () => {
    expect(csvLine([-1, 'a=1', 'b-c'])).toBe('-1,a=1,b-c\r\n');
  });

  it('writes nothing for null, and lists as JSON', () => {
    expect(csvLine([null, undefined, [{ kind: 'api' }]])).toBe(',,"[{""kind"":""api""}]"\r\n');
  });
});
