"""Made-up people: Brazilian names and phone numbers, drawn from a given source of chance."""

import random

_FIRST = (
    "Ana Beatriz", "André", "Antônia", "Arthur", "Bárbara", "Bruno", "Caio", "Carla", "Cecília",
    "Célia", "Cláudio", "Débora", "Edson", "Eduarda", "Elaine", "Fábio", "Fernanda", "Flávia",
    "Gabriel", "Giovana", "Gustavo", "Helena", "Heitor", "Igor", "Isabela", "Jéssica",
    "João Pedro", "Joaquim", "Juliana", "Larissa", "Letícia", "Lívia", "Lucas", "Luís", "Luiza",
    "Manuela", "Marcelo", "Márcia", "Marcos Vinícius", "Mateus", "Mônica", "Natália", "Otávio",
    "Patrícia", "Paula", "Pedro", "Rafael", "Raimundo", "Renata", "Rodrigo", "Sandra", "Sílvia",
    "Simone", "Sônia", "Tânia", "Thiago", "Valéria", "Vera", "Vitória", "Yasmin",
)  # fmt: skip
_LAST = (
    "Almeida", "Alves", "Andrade", "Araújo", "Barbosa", "Barros", "Batista", "Borges", "Campos",
    "Cardoso", "Carvalho", "Castro", "Conceição", "Correia", "Costa", "Cruz", "Dantas",
    "Duarte", "Farias", "Ferreira", "Freitas", "Gomes", "Gonçalves", "Guimarães", "Lima",
    "Lopes", "Machado", "Marques", "Martins", "Medeiros", "Melo", "Mendes", "Monteiro",
    "Moraes", "Moreira", "Nascimento", "Nogueira", "Nunes", "Oliveira", "Peixoto", "Pereira",
    "Pinheiro", "Pinto", "Prado", "Queiroz", "Ramos", "Reis", "Ribeiro", "Rocha", "Sales",
    "Santana", "Santos", "Silveira", "Soares", "Souza", "Tavares", "Teixeira", "Vasconcelos",
    "Vieira", "Xavier",
)  # fmt: skip
_AREAS = ("11", "19", "21", "27", "31", "41", "47", "48", "51", "61", "62", "71", "81", "85", "92")


def name(chance: random.Random) -> str:
    """Draws a full name."""
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def phone(chance: random.Random) -> str:
    """Draws a Brazilian mobile number: country, area, the ninth digit, eight more."""
    return f"55{chance.choice(_AREAS)}98{chance.randrange(10**7):07d}"
