import protobuf from 'protobufjs'

// The part of Protobuf's descriptor.proto that data needs, with the option that keeps Connect's types.
const declarations = `syntax = "proto2";
message File { optional string package = 2; repeated string dependency = 3; repeated Message message = 4; repeated Enum enum = 5; optional string syntax = 12; }
message Message { optional string name = 1; repeated Field field = 2; repeated Message message = 3; repeated Enum enum = 4; optional MessageOptions options = 7; repeated Oneof oneof = 8; }
message Field { optional string name = 1; optional int32 number = 3; optional int32 label = 4; optional int32 type = 5; optional string type_name = 6;
  optional string default_value = 7; optional Options options = 8; optional int32 oneof_index = 9; optional bool proto3_optional = 17; }
message Options { optional bool packed = 2; optional Meta meta = 1088; }
message Meta { map<string, string> params = 2; }
message MessageOptions { optional bool map_entry = 7; }
message Oneof { optional string name = 1; }
message Enum { optional string name = 1; repeated Value value = 2; optional EnumOptions options = 3; }
message EnumOptions { optional bool allow_alias = 2; }
message Value { optional string name = 1; optional int32 number = 2; }`

export interface FileDescriptor {
  readonly package?: string
  readonly dependency: readonly string[]
  readonly message: readonly MessageDescriptor[]
  readonly enum: readonly EnumDescriptor[]
  readonly syntax?: string
}

export interface MessageDescriptor {
  readonly name: string
  readonly field: readonly FieldDescriptor[]
  readonly message: readonly MessageDescriptor[]
  readonly enum: readonly EnumDescriptor[]
  readonly oneof: readonly { readonly name: string }[]
  readonly options?: { readonly map_entry?: boolean }
}

export interface FieldDescriptor {
  readonly name: string
  readonly number: number
  /** Optional, required, repeated: 1 to 3. */
  readonly label?: number
  /** Its place in `typeNames`. */
  readonly type: number
  readonly type_name?: string
  readonly default_value?: string
  readonly options?: {
    readonly packed?: boolean
    readonly meta?: { readonly params: Readonly<Record<string, string>> }
  }
  readonly oneof_index?: number
  readonly proto3_optional?: boolean
}

export interface EnumDescriptor {
  readonly name: string
  readonly value: readonly { readonly name: string; readonly number: number }[]
  readonly options?: { readonly allow_alias?: boolean }
}

/** By their numbers in descriptor.proto. */
export const typeNames: readonly string[] =
  '- double float int64 uint64 int32 fixed64 fixed32 bool string group message bytes uint32 enum sfixed32 sfixed64 sint32 sint64'.split(
    ' ',
  )

let type: protobuf.Type | undefined
const fileType = (): protobuf.Type =>
  (type ??= protobuf.parse(declarations, { keepCase: true }).root.lookupType('File'))

/** Throws what protobufjs throws for bytes that are no compiled file. */
export const decodeFile = (bytes: Uint8Array): FileDescriptor =>
  fileType().toObject(fileType().decode(bytes), { arrays: true }) as FileDescriptor

export const encodeFile = (file: FileDescriptor): Uint8Array =>
  fileType()
    .encode(fileType().fromObject(file as object as Record<string, unknown>))
    .finish()
