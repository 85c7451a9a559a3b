import { Injectable } from '@nestjs/common';
import { isObjectIdText, SignInStore, toObjectId, type SignInRow, type UserRow } from '@castellan/persistence';
import { presentUser } from './user-content';
import type { UserDto } from './user.dto';

/** Shows users with when they came in and when their passwords were set, which is kept apart from them. */
@Injectable()
export class UserPresenter {
  constructor(private readonly signIns: SignInStore) {}

  async one(row: UserRow): Promise<UserDto> {
    return presentUser(row, await this.signIns.of(row._id));
  }

  /** Somebody who is being read or changed; how they sign in is looked up meanwhile. */
  async meanwhile(id: string, work: Promise<UserRow>): Promise<{ readonly row: UserRow; readonly shown: UserDto }> {
    const [row, signIn] = await Promise.all([work, isObjectIdText(id) ? this.signIns.of(toObjectId(id)) : null]);
    return { row, shown: presentUser(row, signIn ?? { _id: row._id }) };
  }

  async all(rows: readonly UserRow[]): Promise<readonly UserDto[]> {
    return this.allOf(
      rows.map(({ _id }) => _id),
      Promise.resolve(rows),
    );
  }

  /** Users of these ids who are being read; how they sign in is looked up meanwhile. */
  async allOf(ids: readonly UserRow['_id'][], reading: Promise<readonly UserRow[]>): Promise<readonly UserDto[]> {
    const [rows, known] = await Promise.all([reading, this.signIns.ofAll(ids)]);
    const byUser = new Map<string, SignInRow>(known.map((signIn) => [signIn._id.toString(), signIn]));
    return rows.map((row) => presentUser(row, byUser.get(row._id.toString()) ?? { _id: row._id }));
  }
}
