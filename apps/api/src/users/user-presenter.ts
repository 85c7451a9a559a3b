import { Injectable } from '@nestjs/common';
import { SignInStore, type SignInRow, type UserRow } from '@castellan/persistence';
import { presentUser } from './user-content';
import type { UserDto } from './user.dto';

/** Shows users with when they came in and when their passwords were set, which is kept apart from them. */
@Injectable()
export class UserPresenter {
  constructor(private readonly signIns: SignInStore) {}

  async one(row: UserRow): Promise<UserDto> {
    return presentUser(row, await this.signIns.of(row._id));
  }

  async all(rows: readonly UserRow[]): Promise<readonly UserDto[]> {
    const known = await this.signIns.ofAll(rows.map(({ _id }) => _id));
    const byUser = new Map<string, SignInRow>(known.map((signIn) => [signIn._id.toString(), signIn]));
    return rows.map((row) => presentUser(row, byUser.get(row._id.toString()) ?? { _id: row._id }));
  }
}
