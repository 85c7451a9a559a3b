import { ApiProperty } from '@nestjs/swagger';
import { dateTime, int32, int64, uri } from '@castellan/dto';

class HashesDto {
  @ApiProperty({ description: 'sha256 of the list of API definitions' })
  readonly apis!: string;

  @ApiProperty({ description: 'sha256 of the list of policies' })
  readonly policies!: string;
}

/** One gateway. Tyk's two fields come first (docs/tyk/management.md#nodes); the rest is Castellan's. */
export class NodeDto {
  @ApiProperty({ example: 'solo-027f4735-a818-4f84-b2da-082ea1fe7450' })
  readonly id!: string;

  @ApiProperty({ example: 'gateway-1', description: 'Empty for users of an organisation' })
  readonly hostname!: string;

  @ApiProperty({ example: '10.0.0.7', description: 'Empty for users of an organisation' })
  readonly address!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'v5.2.5',
    description: 'Known when a host manager looks after it',
  })
  readonly version!: string | null;

  @ApiProperty({ ...dateTime })
  readonly registered_at!: string;

  @ApiProperty({ ...dateTime })
  readonly last_seen!: string;

  @ApiProperty({ type: HashesDto, nullable: true, description: 'What it last loaded; null when it has loaded nothing' })
  readonly served!: HashesDto | null;

  @ApiProperty({ ...dateTime, nullable: true })
  readonly served_at!: string | null;

  @ApiProperty({ type: HashesDto, description: 'What it should run' })
  readonly expected!: HashesDto;

  @ApiProperty({
    enum: ['in_sync', 'behind', 'stuck', 'silent'],
    description: 'stuck: it is behind, was told to load a while ago and has asked for nothing since, though it pings',
  })
  readonly state!: string;

  @ApiProperty({ description: 'The hash of what it last loaded is the hash of what it should run' })
  readonly in_sync!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'What to do about it; null when nothing' })
  readonly advice!: string | null;
}

class ReloadDto {
  @ApiProperty({ ...uri, example: 'http://10.0.0.7:8080' })
  readonly url!: string;

  @ApiProperty({ example: '10.0.0.7', description: 'Host of that address' })
  readonly host!: string;

  @ApiProperty({ type: [String], example: ['10.0.0.7'], description: 'What the host stands for' })
  readonly addresses!: readonly string[];

  @ApiProperty({ type: String, nullable: true, description: 'Id of the node that this is, where that was seen' })
  readonly node!: string | null;

  @ApiProperty()
  readonly ok!: boolean;

  @ApiProperty({ ...int32, description: '0 when the gateway had loaded by itself and only its version was asked for' })
  readonly attempts!: number;

  @ApiProperty({ ...int64, description: 'Milliseconds' })
  readonly durationMs!: number;

  @ApiProperty({ type: String, nullable: true })
  readonly error!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly version!: string | null;

  @ApiProperty({ ...dateTime })
  readonly at!: string;

  @ApiProperty({ enum: ['start', 'change', 'reconcile', 'reconnect'] })
  readonly reason!: string;
}

export class NodesData {
  @ApiProperty({ type: [NodeDto] })
  readonly nodes!: NodeDto[];

  @ApiProperty({ ...int32 })
  readonly active_node_count!: number;

  @ApiProperty({ ...int32 })
  readonly nodes_available!: number;

  @ApiProperty({ ...int32 })
  readonly nodes_remaining!: number;

  @ApiProperty()
  readonly valid_until!: string;

  @ApiProperty({ type: HashesDto })
  readonly expected!: HashesDto;

  @ApiProperty({ type: [ReloadDto], description: 'What host managers last saw of each gateway they look after' })
  readonly reloads!: ReloadDto[];
}

export class NodesReply {
  @ApiProperty({ type: NodesData })
  readonly data!: NodesData;
}
