import { anApiDefinition, listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';

export interface CreatedApi {
  readonly id: string;
  readonly apiId: string;
  readonly listenPath: string;
}

/** The reply, when it is a 200; otherwise the test fails with what the server said. */
export const okay = (reply: Reply): Reply => {
  if (reply.status !== 200) throw new Error(`Expected 200, got ${reply.status}: ${reply.text}`);
  return reply;
};

const definitionAt = (path: string, apiId = ''): Record<string, unknown> =>
  anApiDefinition({
    name: path,
    slug: path,
    ...(apiId === '' ? {} : { api_id: apiId }),
    proxy: { listen_path: `/${path}/` },
  });

/** One organisation, as its administrator uses it over HTTP. Whatever resolves was acknowledged with 200. */
export class Tenant {
  constructor(
    readonly accessKey: string,
    private readonly replica: (index: number) => HttpClient,
  ) {}

  client(replica = 0): HttpClient {
    return this.replica(replica).with({ authorization: this.accessKey });
  }

  async create(replica = 0): Promise<CreatedApi> {
    const path = unique('path');
    const { json } = okay(await this.client(replica).post('/api/apis', { api_definition: definitionAt(path) }));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']), listenPath: `/${path}/` };
  }

  /** Gives an API another listen path. */
  async move({ id, apiId }: CreatedApi): Promise<CreatedApi> {
    const path = unique('moved');
    okay(await this.client().put(`/api/apis/${id}`, { api_definition: definitionAt(path, apiId) }));
    return { id, apiId, listenPath: `/${path}/` };
  }

  async remove({ id }: CreatedApi): Promise<void> {
    okay(await this.client().delete(`/api/apis/${id}`));
  }

  /** The `api_id`s that it has, by what the API says. */
  async listed(): Promise<readonly string[]> {
    const { json } = okay(await this.client().get('/api/apis?p=-1'));
    return listOf(json['apis']).map((wrapper) => textOf(wrapper['api_definition']?.['api_id']));
  }
}
