"""Scripted customers: a few people who write by themselves, at a human pace.

Each has something to settle, in Portuguese. They write, wait, ask once more when nobody answers,
say more when somebody does, and end with thanks. All of it is bounded: a person says the lines of
one story, once.
"""

import asyncio
import random
from dataclasses import dataclass

from balcao.simulator import ids
from balcao.simulator.feed import Change
from balcao.simulator.world import Customer, World
from balcao.simulator.writing import Writing

_FIRST_AFTER_S = 2.5
_IMPATIENT_AFTER_S = 75.0
_GIVES_UP_AFTER_S = 1800.0
_READS_PER_SECOND = 30.0
_TYPES_PER_SECOND = 14.0


@dataclass(frozen=True)
class Sample:
    """Is something that a person sends instead of a text: one of the simulator's samples."""

    kind: str
    caption: str | None = None


@dataclass(frozen=True)
class Story:
    """Is a person and what they say: at first, at each answer, and when nobody answers."""

    name: str
    phone: str
    number: int
    after_s: float
    opening: tuple[str | Sample, ...]
    answers: tuple[str | Sample, ...]
    impatient: str
    hide_phone: bool = False
    username: str | None = None


STORIES = (
    Story(
        name="Ana Beatriz Souza",
        phone="5511980001200",
        number=0,
        after_s=_FIRST_AFTER_S,
        opening=("Oi, bom dia! Meu pedido ainda não chegou e o rastreio não muda desde terça.",),
        answers=(
            "Obrigada 🙏 o número é 88213-4",
            "Entendi. E tem previsão de entrega?",
            "Perfeito, era só isso. Muito obrigada!",
        ),
        impatient="Alguém pode me ajudar, por favor?",
    ),
    Story(
        name="Rafael Nogueira",
        phone="5531991235678",
        number=1,
        after_s=9.0,
        opening=(
            "Boa tarde",
            "Vocês fazem preço especial para 40 unidades da cadeira ergonômica?",
        ),
        answers=(
            "É para um escritório em Belo Horizonte, preciso até o fim do mês.",
            "Boa! Pode mandar a proposta por aqui mesmo.",
            "Valeu, vou passar para o financeiro. Obrigado pelo atendimento!",
        ),
        impatient="Oi? Ainda estou por aqui 😅",
    ),
    Story(
        name="Paula Teixeira",
        phone="5521988771234",
        number=0,
        after_s=20.0,
        opening=("Paguei o boleto ontem e o pedido continua como “aguardando pagamento”.",),
        answers=(
            Sample("document", "Foi pelo aplicativo do banco, segue o comprovante."),
            "Certo, fico no aguardo então.",
            "Resolvido aqui, obrigada! 👏",
            Sample("sticker"),
        ),
        impatient="O prazo da promoção acaba hoje, estou preocupada…",
    ),
    Story(
        name="Marcos Vinícius Rocha",
        phone="5541987654321",
        number=0,
        after_s=45.0,
        opening=("Comprei um tênis 42 e veio 40 😕", "Como faço para trocar?"),
        answers=(
            Sample("image", "Está na caixa ainda, com etiqueta."),
            "Pode ser retirada em casa? Trabalho o dia todo.",
            "Combinado. Obrigado!",
        ),
        impatient="Vocês ainda atendem por aqui?",
        hide_phone=True,
        username="marcos.rocha",
    ),
    Story(
        name="Lívia Castro",
        phone="5585992104477",
        number=1,
        after_s=80.0,
        opening=("Olá! Qual o prazo de entrega para Fortaleza?",),
        answers=(
            Sample("audio"),
            "E o frete, fica quanto?",
            "Ótimo, vou fechar o pedido. Obrigada pela atenção! 😊",
        ),
        impatient="Olá? 🙂",
    ),
)


class Customers:
    """Plays the stories, each as a task of its own."""

    def __init__(self, world: World, writing: Writing, seed: int | None) -> None:
        self._world = world
        self._writing = writing
        self._chance = random.Random(seed)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Lets the people begin."""
        self._tasks = [asyncio.create_task(self._live(story)) for story in STORIES]

    async def stop(self) -> None:
        """Ends all the stories where they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, story: Story) -> None:
        await asyncio.sleep(story.after_s * self._chance.uniform(0.9, 1.1))
        person = self._person(story)
        with self._world.feed.watch() as changes:
            answered = len(_heard(person))
            for line in story.opening:
                await self._say(person, story, line)
            for turn, line in enumerate(story.answers):
                if turn == 0 and not await _hears(changes, person, answered, _IMPATIENT_AFTER_S):
                    await self._say(person, story, story.impatient)
                if not await _hears(changes, person, answered, _GIVES_UP_AFTER_S):
                    return
                heard = _heard(person)
                await asyncio.sleep(1.0 + len(heard[-1]) / _READS_PER_SECOND)
                await self._say(person, story, line)
                answered = len(heard)

    def _person(self, story: Story) -> Customer:
        id_ = ids.user_id(story.phone)
        known = self._world.customers.get(id_)
        if known is not None:
            return known
        return self._world.newcomer(
            name=story.name,
            phone=story.phone,
            user_id=id_,
            hide_phone=story.hide_phone,
            username=story.username,
        )

    async def _say(self, person: Customer, story: Story, said: str | Sample) -> None:
        text = said if isinstance(said, str) else said.caption or ""
        typing = len(text) / _TYPES_PER_SECOND * self._chance.uniform(0.8, 1.2)
        # The first words of all are typed already.
        if person.lines:
            await asyncio.sleep(min(typing, 7.0))
        number = self._world.numbers[story.number % len(self._world.numbers)]
        kind = "text" if isinstance(said, str) else said.kind
        given = {"entry_point": number.display_number, "type": kind, "text": text}
        self._writing.write(person, given)


def _heard(person: Customer) -> list[str]:
    """Is what the business got onto this person's phone."""
    return [line.text or "" for line in person.lines.values() if line.direction == "received"]


async def _hears(
    changes: asyncio.Queue[Change | None], person: Customer, answered: int, within_s: float
) -> bool:
    """Waits until there is more from the business than was answered; false if nothing comes."""
    try:
        async with asyncio.timeout(within_s):
            while len(_heard(person)) <= answered:
                if await changes.get() is None:
                    return False
    except TimeoutError:
        return False
    return True
