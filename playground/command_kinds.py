"""Discord's numbers of the kinds of application commands and of their options."""

# docs interactions/application-commands#application-command-object-application-command-types
CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
# docs interactions/application-commands#application-command-object-application-command-option-type
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11
