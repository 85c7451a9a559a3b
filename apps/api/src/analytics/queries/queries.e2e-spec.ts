import { earlier } from '../../../test/analytics/earlier';
import { erasure } from '../../../test/analytics/erasure';
import { everywhere } from '../../../test/analytics/everywhere';
import { figures } from '../../../test/analytics/figures';
import { log } from '../../../test/analytics/log';
import { ownQuery } from '../../../test/analytics/own-query';
import { rights } from '../../../test/analytics/rights';
import { Traffic } from '../../../test/analytics/traffic';
import { watching } from '../../../test/analytics/watching';

describe('questions about traffic', () => {
  const traffic = new Traffic();

  beforeAll(() => traffic.start());
  afterAll(() => traffic.stop());

  figures(traffic);
  describe('the log', () => {
    log(traffic);
  });
  describe('the query of one’s own making', () => {
    ownQuery(traffic);
  });
  describe('rights', () => {
    rights(traffic);
  });
  describe('a super user who names no organisation', () => {
    everywhere(traffic);
  });
  describe('erasure', () => {
    erasure(traffic);
  });
  describe('sums of an earlier version', () => {
    earlier(traffic);
  });
  watching(traffic);
});
