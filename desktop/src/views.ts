/** The objects that the stream carries and that GET answers; all from the server's description. */
import type { components, operations } from "./api";

type Schemas = components["schemas"];

export type Named = Schemas["Named"];
export type TaskView = Schemas["TaskView"];
export type LegView = Schemas["LegView"];
export type MessageView = Schemas["MessageView"];
export type MediaView = Schemas["MediaView"];
export type MediaKind = MediaView["kind"];
export type NewMessage = operations["write"]["requestBody"]["content"]["application/json"];
export type Uploaded = Schemas["Uploaded"];
export type Option = Schemas["Option"];
export type AgentView = Schemas["AgentView"];
export type NoticeView = Schemas["NoticeView"];
export type View = TaskView | MessageView | AgentView | NoticeView;
export type Code = Schemas["Code"];
export type Codes = Schemas["Codes"];
export type Snapshot = Schemas["Snapshot"];
export type ClosedCode = Schemas["Closed"]["code"];
export type Settings = Schemas["Settings"];
export type SessionView = Schemas["SessionView"];
export type Info = Schemas["Info"];
export type EarlierTask = Schemas["EarlierTask"];
export type Params = Record<string, unknown>;
export type Problem = Partial<Schemas["Problem"]> & {
  status: number;
  code: string;
  params?: Params | null;
};
export type Coded = Schemas["Coded"];
export type Guest = Schemas["Guest"];
export type Step = Schemas["Step"];
export type Targets = Schemas["Targets"];
export type Destination = Schemas["Destination"];
export type Author = Schemas["Author"];
export type Content = NonNullable<MessageView["content"]>;
export type Quoted = Schemas["Quoted"];
export type Reaction = Schemas["Reaction"];
export type Referral = Schemas["Referral"];
export type Status = NonNullable<MessageView["status"]>;
