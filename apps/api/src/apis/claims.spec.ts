import { listenClaims } from '@castellan/tyk';
import { ClaimMap } from './claims';

const at = (listenPath: string, tags: readonly string[] = []) => listenClaims({ listenPath, tags, active: true });

describe('claims of listen paths', () => {
  it.each([
    ['the same path', at('/a/'), at('/a'), true],
    ['another path', at('/a/'), at('/ab/'), false],
    ['the same path for another segment', at('/a/', ['eu']), at('/a/', ['us']), false],
    ['the same path for one segment in common', at('/a/', ['eu', 'us']), at('/a/', ['us']), true],
    ['the same path for all and for one segment', at('/a/'), at('/a/', ['us']), true],
    ['nothing', [], at('/a/'), false],
  ])('%s', (_, one, other, isTaken) => {
    const claims = new ClaimMap();
    claims.add('one', one);
    expect(claims.inTheWay('other', other)).toBe(isTaken ? 'one' : null);
    expect(claims.inTheWay('one', other)).toBeNull();
    const reverse = new ClaimMap();
    reverse.add('other', other);
    expect(reverse.inTheWay('one', one)).toBe(isTaken ? 'other' : null);
  });
});
