import { Pace } from './pace';

describe('how many records go into one transaction', () => {
  it('doubles while MongoDB is fast, up to the setting', () => {
    const pace = new Pace(3_000, 500);
    pace.took(500, 100);
    expect(pace.records).toBe(1_000);
    for (let chunk = 0; chunk < 5; chunk += 1) pace.took(pace.records, 100);
    expect(pace.records).toBe(3_000);
  });

  it('comes down to what MongoDB stores in four seconds, and not below 250', () => {
    const pace = new Pace(2_000, 2_000);
    pace.took(2_000, 5_000);
    expect(pace.records).toBe(1_600);
    for (let chunk = 0; chunk < 10; chunk += 1) pace.took(pace.records, 60_000);
    expect(pace.records).toBe(250);
  });

  it('learns nothing from a chunk that was not full', () => {
    const pace = new Pace(2_000, 1_000);
    pace.took(10, 1);
    expect(pace.records).toBe(1_000);
  });

  it('is halved by every transaction that did not come through, down to 250', () => {
    const pace = new Pace(2_000, 2_000);
    pace.slow();
    expect(pace.records).toBe(1_000);
    for (let chunk = 0; chunk < 5; chunk += 1) pace.slow();
    expect(pace.records).toBe(250);
  });

  it('comes down to a single record where MongoDB refuses some, and grows again after that', () => {
    const pace = new Pace(2_000, 8);
    const sizes = Array.from({ length: 4 }, () => {
      pace.failed(pace.records);
      return pace.records;
    });
    expect(sizes).toEqual([4, 2, 1, 1]);
    pace.took(1, 10);
    expect(pace.records).toBe(250);
  });

  it('never is more than the setting says, however small that is', () => {
    const pace = new Pace(50);
    pace.took(50, 1);
    expect(pace.records).toBe(50);
    pace.slow();
    expect(pace.records).toBe(50);
  });
});
