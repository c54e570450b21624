"""Who the scripted colleagues are, and what they say.

They are three agents of the demo organisation, by the addresses that its description promises.
Each line is drawn from a few that fit what the customer wrote, never the one just said.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Is somebody to play: how they sign in, are called, and greet."""

    email: str
    name: str
    greeting: str


PARTS = (
    Part("diego@demo", "Diego Dias", "Olá, aqui é o Diego, da Logística."),
    Part("camila@demo", "Camila Rocha", "Olá, aqui é a Camila, do Suporte."),
    Part("hugo@demo", "Hugo Lima", "Olá, aqui é o Hugo, de Vendas."),
)

GOODBYE = "Preciso encerrar por aqui. Se faltar alguma coisa, é só escrever de novo. Até logo!"
GIVEN_BACK = "Estou saindo e não cheguei a atender."
DONE = "Pedido resolvido"
SILENT = "Cliente não respondeu"
PASSED_ON = "Transferido ao N2"

_THANKS = ("obrigad", "valeu", "resolvid", "perfeito")
_TO_THANKS = (
    "Por nada! Qualquer coisa, estamos por aqui.",
    "Imagina! Fico à disposição.",
    "Eu que agradeço o contato. Tenha um ótimo dia!",
)
_TO_QUESTIONS = (
    "Boa pergunta. Vou verificar aqui e já confirmo.",
    "Deixe-me conferir no sistema, um instante.",
    "Estou olhando isso agora mesmo, só um momento.",
    "Vou consultar a equipe e respondo em seguida.",
)
_TO_FILES = (
    "Recebi aqui, vou dar uma olhada.",
    "Chegou certinho, já estou vendo.",
)
_TO_ALL_ELSE = (
    "Entendi. Já estou cuidando disso.",
    "Certo, anotei aqui no seu atendimento.",
    "Tudo bem, vou dar andamento.",
    "Combinado. Mais algum detalhe que eu deva saber?",
)


def reply(to: str | None, before: str | None, chance: random.Random) -> str:
    """Draws an answer to a customer's text (none: a file), other than the line said before."""
    return chance.choice([line for line in _fitting(to) if line != before])


def _fitting(to: str | None) -> Sequence[str]:
    if to is None:
        return _TO_FILES
    if any(word in to.lower() for word in _THANKS):
        return _TO_THANKS
    return _TO_QUESTIONS if "?" in to else _TO_ALL_ELSE
