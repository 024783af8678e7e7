"""gateway: the faces to other controllers in the house, one file each; pure. A face turns the state of the house into
its own messages, and their messages into commands of ours: the same that the page gives (v2h.bus.messages.Command)."""
