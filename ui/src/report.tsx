// The entry of a report: the pages of one study, without a server.
export {};
