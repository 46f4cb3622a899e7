<?php

/**
 * php templates.php FOLDER '{"name": {"value": …}}': renders templates of the folder as FOSSBilling's
 * Twig does, and prints them by name as JSON. A name that is not defined is an error, as is a filter
 * that FOSSBilling does not have.
 */

declare(strict_types=1);

require 'Twig/autoload.php';

[, $folder, $given] = $argv;
$layouts = new Twig\Loader\ArrayLoader([
    'layout_default.html.twig' => '{% block content %}{% endblock %}',
    'layout_blank.html.twig' => '',
]);
$files = new Twig\Loader\FilesystemLoader(["$folder/admin", "$folder/client", "$folder/email"]);
$loader = new Twig\Loader\ChainLoader([$files, $layouts]);
$twig = new Twig\Environment($loader, ['strict_variables' => true]);
$filters = [
    'trans' => fn (string $text): string => $text,
    'format_date' => fn (string $date): string => $date,
    'api_url' => fn (string $path, array $query = [], ?string $role = null): string
        => "/api/$path?" . http_build_query($query),
    'url' => fn (string $path, array $query = [], ?string $area = null): string
        => "https://billing.example.com/$path",
];
foreach ($filters as $name => $filter) {
    $twig->addFilter(new Twig\TwigFilter($name, $filter));
}
foreach (['fb_api_form', 'fb_api_link'] as $name) {
    $attribute = fn (array $config = []): string
        => 'data-fb-api="' . htmlspecialchars((string) json_encode($config)) . '"';
    $twig->addFunction(new Twig\TwigFunction($name, $attribute, ['is_safe' => ['html']]));
}
/** `admin` of FOSSBilling's pages: a function of the API for each name. */
final class Api
{
    public function __construct(private readonly array $answers)
    {
    }

    public function __call(string $name, array $arguments): mixed
    {
        return $this->answers[$name] ?? throw new LogicException("There is no $name.");
    }
}

$all = [];
foreach (json_decode($given, true) as $name => $values) {
    $values['admin'] = new Api($values['admin'] ?? []);
    $all[$name] = $twig->render("$name.html.twig", $values);
}
echo json_encode($all);
