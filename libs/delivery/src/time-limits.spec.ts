import { timeLimits } from './time-limits';

describe('how long MongoDB is waited for', () => {
  it('is what we say where the address says nothing', () => {
    const limits = { serverSelectionTimeoutMS: 5_000, connectTimeoutMS: 10_000, heartbeatFrequencyMS: 5_000 };
    for (const uri of ['mongodb://a:1,b:2/castellan?replicaSet=rs0', 'mongodb+srv://db.example']) {
      expect(timeLimits(uri)).toEqual({ ...limits, bufferTimeoutMS: 5_000 });
    }
  });

  it('is what the address says, in any case of letters', () => {
    const uri = 'mongodb://a,b/x?serverselectiontimeoutms=700&connectTimeoutMS=800';
    expect(timeLimits(uri)).toEqual({ heartbeatFrequencyMS: 5_000, bufferTimeoutMS: 700 });
  });
});
