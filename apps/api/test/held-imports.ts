import type { Types } from 'mongoose';
import { listOf, textOf } from '@castellan/testing';
import { expectOk, type ApiUnderTest, type TestOrganisation } from './api-under-test';

/** The api_ids of the organisations that gateways are served by a replica. */
export const servedBy = async (
  api: ApiUnderTest,
  organisations: readonly TestOrganisation[],
): Promise<readonly string[]> => {
  const registered = expectOk(await api.node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway' } }));
  const headers = {
    'x-tyk-nodeid': textOf(registered.json['Message']?.['NodeID']),
    'x-tyk-nonce': textOf(registered.json['Nonce']),
  };
  const { json } = expectOk(await api.node.get('/system/apis', { headers }));
  const ids = organisations.map(({ id }) => id);
  const definitions = listOf(json['Message']).map((item) => item['api_definition'] ?? {});
  return definitions.filter(({ org_id: owner }) => ids.includes(textOf(owner))).map(({ api_id: id }) => textOf(id));
};

/** What is asked at the beginning of a batch. */
export type GatedMethod = 'stepsToRelease' | 'stepsBetween' | 'journalBetween';

type Step = (id: Types.ObjectId, from: number, to: number) => Promise<unknown>;

/** Holds a replica's imports up: after so many batches it is as though the process did not exist. */
export class Gate {
  readonly reached: Promise<void>;
  private open: () => void = () => undefined;

  /**
   * @param original what is asked at the beginning of a batch
   * @param replace puts something in its place, until the test is over
   */
  constructor(
    original: Step,
    replace: (held: (...asked: Parameters<Step>) => Promise<never>) => void,
    afterCalls: number,
  ) {
    const opened = new Promise<void>((resolve) => (this.open = resolve));
    let calls = 0;
    this.reached = new Promise((resolve) => {
      replace(async (id, from, to) => {
        calls += 1;
        if (calls > afterCalls) {
          resolve();
          await opened;
        }
        // Which of the methods it is decides the type; whoever calls it knows.
        return original(id, from, to) as Promise<never>;
      });
    });
  }

  release(): void {
    this.open();
  }
}
